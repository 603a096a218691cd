-- known_quarters: those that one of the runs has, in order.
-- In: fiscal_quarters (view).
SELECT fiscal_quarter
FROM fiscal_quarters
ORDER BY start_date
