"""Many hand-ins: found, graded one process tree each, kept in a journal, and put together as one gradebook."""
