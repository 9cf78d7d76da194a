"""Microsoft Graph as far as Hasten and an administrator use it, over real HTTP."""
