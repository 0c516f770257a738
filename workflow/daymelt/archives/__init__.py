"""The protocol of archives: search, access, transfer, verification. Knows no product."""
