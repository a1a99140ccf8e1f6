"""Measurements that a person starts and reads; nothing here is asserted on the clock."""
