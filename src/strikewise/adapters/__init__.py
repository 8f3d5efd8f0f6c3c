"""The world, translated."""
