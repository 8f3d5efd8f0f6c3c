"""One module a provider, and one a vendor's file format."""
