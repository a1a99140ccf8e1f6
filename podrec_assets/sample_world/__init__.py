"""The invented podcast world that ships with podrec: shows as text, and the web site they are
served as.
"""
