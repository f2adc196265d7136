use gesta::test::given_creating;
use gesta_tests::post::Scan;

fn main() {
    given_creating(Scan { depots: vec![] }).then([]);
}
