-- unreadable_touchpoints: the touch rows that are set aside before anything looks at them.
-- In: touchpoints (stage view).
SELECT touch_id, reason, source_row FROM touchpoints WHERE reason IS NOT NULL
