"""The connector for Planner's premium plans, which are rows in Dataverse; not tried on a live tenant."""
