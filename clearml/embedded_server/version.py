"""Versions that the server tells its clients."""

#: newest version of the API; the SDK picks its newest schemas that are not newer
API_VERSION = "2.31"
#: the genuine server whose behaviour is followed
SERVER_VERSION = "2.0.0"
BUILD = "embedded"
