"""The application: routes, hooks, and how a request becomes a handler's call."""
