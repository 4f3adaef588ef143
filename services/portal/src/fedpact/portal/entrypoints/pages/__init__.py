"""The pages for people: server-rendered, live by server-sent events, over the same functions as the API."""
