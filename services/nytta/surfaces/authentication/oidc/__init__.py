"""Signing in with the organisation's own provider: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636).

`client` is what is registered at the provider, `provider` asks it, `signatures` and `claims` judge an ID token, `flow`
keeps sign-ins that are under way, `accounts` which account an address belongs to, `sign_in` joins them.
"""
