"""What the devices measure: seeded functions of simulated time that know where they come from."""
