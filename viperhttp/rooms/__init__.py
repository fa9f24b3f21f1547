"""Rooms: who gets a message, what a slow member misses, and how one that comes back catches up (PROTOCOL.md)."""
