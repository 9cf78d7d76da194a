"""The HTTP API of Hasten, and the door through which the API and the page are entered."""
