"""A hand-in as running code: zygote, session, remote objects, the wire, limits, compatibility."""
