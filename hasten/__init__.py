"""Brings SCIM-provisioned apps in step with Microsoft Entra ID within seconds."""
