"""How Reluctant looks into a running torch: what it replaces there, which private names it reads, frames, steps, and the guard."""
