"""The Microsoft Planner connector."""
