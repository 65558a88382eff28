"""The forms of secrets that the history file does not keep: the table, and masked()."""

from __future__ import annotations

import re

from noderepl.lazy_patterns import lazy_pattern

MASK = "***"
# Between the name of a header and its value, in code or in a header.
_IS = r"['\"]?[ \t]*[:=,][ \t]*['\"`]?"
# Each form has one group, the secret itself; the rest identifies it and stays. A text is read
# once, and no form reads a long part of it twice.
_FORMS = (
    # Tokens and keys that a prefix names.
    r"\b(?:ghp|gho|ghu|ghs|ghr)_([A-Za-z0-9]{16,})",
    r"\bgithub_pat_(\w{16,})",
    r"\bnpm_([A-Za-z0-9]{24,})",
    r"(?<![\w-])glpat-([\w-]{16,})",
    r"(?<![\w-])sk-([A-Za-z0-9_-]{16,})",
    r"\b[rsp]k_(?:live|test)_([A-Za-z0-9]{12,})",
    r"\b(?:AKIA|ASIA)([A-Z0-9]{16})\b",
    r"(?<![\w-])xox[abeoprs]-([A-Za-z0-9-]{10,})",
    r"(?<![\w-])AIza([\w-]{30,})",
    r"\bhf_([A-Za-z0-9]{24,})",
    r"(?<![\w.-])SG\.([\w-]{16,}\.[\w-]{16,})",
    # A JSON Web Token: two objects in base64url, and a signature.
    r"(?<![\w-])eyJ([\w-]{8,}\.[\w-]{2,}(?:\.[\w-]*)?)",
    # HTTP.
    r"(?i:\bbearer)[ \t]+([A-Za-z0-9._~+/-]{16,}=*)",
    rf"(?i:\bauthorization{_IS}(?:basic|token|apikey)[ \t]+)([\w.~+/:-]+=*)",
    rf"(?i:\b(?:x-api-key|api-key|ocp-apim-subscription-key){_IS})([\w.~+/-]{{12,}}=*)",
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"`]{0,256}:([^\s/@'\"`]{1,256})(?=@)",
    # Azure: connection strings and signatures of URLs.
    r"(?i:\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=)([^\s;'\"`]{8,})",
    r"(?i:[?&;]sig=)([\w%+/.~-]{16,}=*)",
    # The options of noderepl that are secret, as variables.
    r"\bNODEREPL_(?:TOKEN|SESSION)['\"]?[ \t]*=[ \t]*['\"`]?([^\s'\"`]{4,})",
    # A private key in PEM, also one that the text does not end.
    r"-----BEGIN (?:[A-Z]{1,16} ){0,3}PRIVATE KEY-----((?:[^-]|-(?!----END))+)",
)
_SECRET = lazy_pattern("|".join(f"(?:{form})" for form in _FORMS))


def masked(text: str) -> str:
    """Returns a text in which each secret of a known form is replaced by ***.

    What names the secret stays, such as the prefix of a token or the user of a URL.
    """

    def replace(found: re.Match[str]) -> str:
        number = found.lastindex
        assert number is not None
        start, end = found.span(number)
        whole = found[0]
        return whole[: start - found.start()] + MASK + whole[end - found.start() :]

    return _SECRET.sub(replace, text)
