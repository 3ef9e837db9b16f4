"""The alarm journal, cases, tasks, queues and notifications."""
