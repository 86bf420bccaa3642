"""params.yaml as typed models: every key, its type and its bounds are written down here and nowhere else.

`workflow/schemas/params.schema.json` is generated from `document.Parameters`. No torch in this package: the workflow
reads it on every start.
"""
