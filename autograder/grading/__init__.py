"""One notebook: what is asked of it, how the answers are judged and worded, and where verdicts are kept."""
