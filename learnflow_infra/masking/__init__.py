"""Mask secrets in output: texts of programs, values of charts, and Secret objects."""

from learnflow_infra.masking.objects import masked_secrets
from learnflow_infra.masking.texts import MASK, masked
from learnflow_infra.masking.values import masked_values

__all__ = ["MASK", "masked", "masked_secrets", "masked_values"]
