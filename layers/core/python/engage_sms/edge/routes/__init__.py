"""The routes of each API function: one resolver `app` a module, named like its function in the topology.

They live in the layer, not in the functions' folders, so that the console can describe all of them.
"""
