"""Whose READMEs are pasted: popular npm packages of many kinds, which install fast and compile nothing."""

PACKAGES = tuple(
    """
    lodash@4.18.1 ramda@0.32.0 date-fns@4.4.0 dayjs@1.11.23 ms@2.1.3 uuid@14.0.3 nanoid@5.1.16 semver@7.8.6
    chalk@5.6.2 kleur@4.1.5 picocolors@1.1.1 zod@4.6.7 yup@1.7.1 ajv@8.20.0 axios@1.21.1 got@14.6.6
    node-fetch@3.3.2 undici@7.30.2 ky@1.14.3 express@5.3.0 koa@3.3.0 hono@4.13.19 commander@14.0.3
    yargs@18.2.0 minimist@1.2.8 dotenv@18.0.10 winston@3.19.0 pino@10.4.0 debug@4.4.3 async@3.2.6 p-limit@7.3.3
    p-queue@9.3.5 rxjs@7.8.2 immutable@5.2.1 redux@5.0.1 marked@18.2.1 markdown-it@15.0.3 cheerio@1.2.0
    handlebars@4.7.10 ejs@7.0.2 mustache@4.2.0 mathjs@15.2.0 bignumber.js@11.1.5 decimal.js@10.6.0 glob@14.0.6
    fast-glob@3.3.3 fs-extra@11.4.1 execa@9.6.1 csv-parse@7.0.3 yaml@2.9.1 js-yaml@5.5.0
    xml2js@0.6.2 ws@8.23.0
    """.split()
)

# Not looked at while noderepl was written, to see whether it was made for the first list.
OTHERS = tuple(
    """
    lru-cache@11.5.3 qs@6.17.1 eventemitter3@5.0.4 ts-pattern@5.9.2 superstruct@2.0.2 mitt@3.0.1 cron-parser@5.10.5
    change-case@5.4.4 p-map@7.1.1 classnames@2.5.1
    """.split()
)
