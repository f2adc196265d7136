use gesta::test::given_creating;
use gesta_tests::post::Register;

fn main() {
    given_creating(Register { to: "Ann".into(), grams: 0 }).then([]);
}
