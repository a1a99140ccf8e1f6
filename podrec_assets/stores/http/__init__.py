"""HTTP for addresses that untrusted feeds contain. Only this package and `webhook` speak HTTP.

Every hop of every fetch is checked by `ssrf_guard`. Proxies from the environment are not used,
because they would resolve the name again.
"""
