"""Mask secrets in output: texts of programs, values of charts, and Secret objects."""

from learnflow_infra.masking.secret_objects import masked_secrets
from learnflow_infra.masking.secret_values import masked_values
from learnflow_infra.masking.texts import MASK, masked

__all__ = ["MASK", "masked", "masked_secrets", "masked_values"]
