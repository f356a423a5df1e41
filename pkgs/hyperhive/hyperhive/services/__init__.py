"""What the hive does: each noun decides with `domain`, commits through `store` and tells the bus."""
