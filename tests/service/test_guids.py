"""GUIDs are UUIDs of version 4."""

import uuid

from noderepl.service.guids import new_guid


def test_a_guid_is_a_random_uuid() -> None:
    """Version and variant are set, the form is the usual one, and no two are the same."""
    found = {new_guid() for _ in range(2000)}
    assert len(found) == 2000
    for guid in found:
        parsed = uuid.UUID(guid)
        assert str(parsed) == guid and parsed.version == 4 and parsed.variant == uuid.RFC_4122
