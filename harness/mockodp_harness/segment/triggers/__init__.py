"""Triggers: FQL as Segment's Actions framework reads it, decides by it and writes it. Knows no destination."""

from mockodp_harness.segment.triggers.compilation import Trigger, compiled
from mockodp_harness.segment.triggers.conditions import Ast
from mockodp_harness.segment.triggers.errors import TriggerError
from mockodp_harness.segment.triggers.evaluation import evaluate
from mockodp_harness.segment.triggers.explanation import read_as, unmet
from mockodp_harness.segment.triggers.generation import generate
from mockodp_harness.segment.triggers.parsing import parse

__all__ = ["Ast", "Trigger", "TriggerError", "compiled", "evaluate", "generate", "parse", "read_as", "unmet"]
