"""A believable ERP rollout: its people, its plan, the script of its half year, and the acts that play it."""
