"""The actions of the API, one module a service."""
