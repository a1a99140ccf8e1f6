"""Speech to text: engines behind one contract, run in worker processes, fed piece by piece by a
decoding process.
"""
