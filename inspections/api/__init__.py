"""Read access to rounds, inspections and rectification orders."""
