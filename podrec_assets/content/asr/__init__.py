"""Speech to text: engines behind one contract.

Worker processes run the engines; a decoding process feeds them piece by piece.
"""
