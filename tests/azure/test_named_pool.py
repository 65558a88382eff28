"""--pool: which pool a name means, and the sentence for each that cannot be used."""

from __future__ import annotations

import pytest

from noderepl import errors
from noderepl.azure.named_pool import find_pool, usable_endpoint
from noderepl.azure.remembered import forget_endpoint, recall, remember


async def test_the_wrong_pool_is_one_sentence(cloud, management):
    """A misspelt name, a name of two pools, another type, a failed pool, and what is neither name nor id."""
    both = cloud.add("same", group="a"), cloud.add("same", group="b")
    cloud.add("snake", containerType="PythonLTS"), cloud.add("sick", provisioningState="Failed")
    cloud.add("young", provisioningState="InProgress", poolManagementEndpoint=None)
    cloud.add("broken", poolManagementEndpoint=f"{cloud.url}/\r\nX: y")
    cloud.add("odd", poolManagementEndpoint={"url": cloud.url})
    for pool, kind, words in (
        ("broken", errors.MalformedAnswer, ["invalid endpoint of the pool broken"]),
        ("odd", errors.MalformedAnswer, ["invalid endpoint of the pool odd"]),
        ("sane", errors.NotFound, ["did you mean same?", "noderepl pools", "--tenant"]),
        ("same", errors.UsageError, [*both, "--pool"]),
        ("snake", errors.UsageError, ["PythonLTS", "noderepl setup"]),
        ("sick", errors.ServiceFailed, ["Failed", "noderepl pool delete sick"]),
        ("young", errors.MalformedAnswer, ["no endpoint yet", "InProgress"]),
        ("a/b", errors.UsageError, ["resource id"]),
        (both[0] + "x", errors.NotFound, ["no such resource"]),
    ):
        with pytest.raises(kind) as caught:
            usable_endpoint(await find_pool(pool, management()))
        assert all(word in str(caught.value) for word in words), str(caught.value)
    for pool in both:
        assert (await find_pool(pool, management())).id.resource == pool


def test_what_is_remembered(tmp_path):
    """Endpoints are read again, replaced and forgotten; a damaged file is none."""
    state = tmp_path / "state"
    assert recall(state, "a") is None and recall(None, "a") is None
    remember(state, "a", "https://1"), remember(state, "b", "https://1")
    remember(state, "b", "https://2"), remember(None, "c", "https://3")
    assert (recall(state, "a"), recall(state, "b")) == ("https://1", "https://2")
    assert [file.stat().st_mode & 0o777 for file in state.iterdir()] == [0o600]
    forget_endpoint(state, "https://1")
    assert (recall(state, "a"), recall(state, "b")) == (None, "https://2")
    for damaged in ("", "[]", '{"b": 5}', "\x00", "{" * 5000):
        (state / "pools.json").write_text(damaged)
        assert recall(state, "b") is None
    remember(state, "b", "https://2")
    assert recall(state, "b") == "https://2"
