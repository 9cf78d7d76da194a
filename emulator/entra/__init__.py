"""The named behaviours of Entra ID and Graph that the emulated tenant can be given."""
