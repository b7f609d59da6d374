"""What the service takes and gives, as pydantic models: the OpenAPI document is made from these."""
