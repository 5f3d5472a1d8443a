"""Nulls, families and intervals: how much a finding could owe to chance. Knows nothing of networks; arrays in, arrays out.

One concept, one file; NaN stands for "not tested" everywhere, passes through, and counts in no family.

    correlation     ranks, Spearman of every picture with every unit, Spearman's interval over photographs
        spearman_matrix(scores [patch, picture], responses [patch, unit]) -> [unit, picture]
        spearman_paired(scores [patch, unit], responses [patch, unit]) -> [unit]
        spearman_interval(scores, responses, groups, level=.95) -> Interval
    identification  the wrong-picture null: does this picture tell the truth about this unit?
        wrong_picture(matrix [unit, picture], left_out=None)
            -> Identification(.p .q .floor .at_least .draws .rank .count .margin .tested .units .credit(size=32) .rate(size=32) .line_up_size())
        line_up(rank, count, size=32) -> credit
        margins_among(matrix, size) -> margins that compare with those of a network with fewer living units
        too_alike(responses, above=.8) -> left_out [unit, unit]
    gate            the twin null, on its two levels
        family_gate(statistic, twins [twin], kinds=())
            -> Gate(.p .floor .hardest .least .apart .exceeding .twins .open_at(level) .can_open(level) .sentence(level))
        corrected(gates) -> q over several families, and over kinds of twin
        unit_level(observed [unit], twins [twin, unit])
            -> UnitLevel(.p .q .floor .least_q .at_least .draws .units .twins .reach(level) .can_show(level))
        twins_needed(level=.05) -> 21
    permutation     p by draws from a null: floor(draws), p_value, pooled_p, reach, max_t
    random_field    box_resels, densities, expected_euler, threshold, bonferroni: how high smooth noise rises, in two conventions; for teaching
    multiplicity    adjust(p, method="benjamini_hochberg") -> q; check_order(floor, p, q)
    intervals       Interval(.estimate .low .high .level .method)
        jackknife(statistic(indices) -> array, groups) for a whole wrong-picture test; bootstrap, bootstrap_mean for what is smooth
        clopper_pearson(hits, count), wilson(hits, count)
    effects         auc, d_prime, d_prime_of_auc, participation_ratio, median_absolute_deviation
    verdict         decide(Findings(...)) -> Decision(.verdict .own .gate .twin .because): stands, leans, can't tell, salmon, not tested
                    decide_alone(q) for a claim that is not compared with twins: never a salmon
    power           before the run: plan(photographs, units, twins) -> Power; found, least_shift, discovered, identification_rate, least_spearman
"""
