"""Pull, record, tie, reconcile: how tracker facts become one history."""
