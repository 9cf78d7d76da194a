"""The sign-in of Entra ID: it issues signed tokens to people and programs of the tenant."""
