"""What stands where and who is who."""
