"""Models of everything that crosses a process: requests, answers, frames, events."""
