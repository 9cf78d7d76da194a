"""Emulates the part of Microsoft Graph that Hasten and an administrator use, over real HTTP."""
