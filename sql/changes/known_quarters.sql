-- known_quarters: those in which one of the runs books or spends.
-- In: causes, spent (views).
SELECT quarter_before AS fiscal_quarter FROM causes WHERE quarter_before IS NOT NULL
UNION
SELECT quarter_after FROM causes WHERE quarter_after IS NOT NULL
UNION
SELECT fiscal_quarter FROM spent
ORDER BY fiscal_quarter
