"""The fictional podcasts that ship with podrec: shows as text files, served as a web site."""
