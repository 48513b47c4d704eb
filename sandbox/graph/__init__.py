"""A stand-in of Microsoft Graph and Entra."""
