"""Implements the Directory port on Microsoft Graph, through msgraph-sdk."""
