"""Who is who: organizations, users, roles, service accounts, tokens."""
