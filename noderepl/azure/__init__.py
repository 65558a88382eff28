"""Azure's management plane: finds and creates pools, and assigns roles. Import its modules, not
this package; nothing of it is imported unless a pool is named or a command asks for Azure.
"""
