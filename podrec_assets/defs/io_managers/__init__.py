"""How assets' inputs and outputs are read and written, and what the UI shows of a write.

An IO manager decides which days or versions a run reads and replaces. How a store does that belongs
in `stores`.
"""
