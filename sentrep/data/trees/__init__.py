"""Constituency trees in brackets: reading, checking, drawing."""
