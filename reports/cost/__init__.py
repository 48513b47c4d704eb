"""What a project costs: budget, orders and money spent, priced, told apart and cut."""
